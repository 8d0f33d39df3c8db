import { useState } from 'preact/hooks'
import type { ContactView, Verbs, View } from '../../core/protocol/ui.ts'
import { text } from '../../core/words.ts'
import { useWallet } from '../client.ts'
import { Button, Fold, IconButton, Sheet } from '../parts/controls.tsx'
import { TextField } from '../parts/field.tsx'
import { Icon } from '../parts/icons.tsx'
import { Heading, toast } from '../parts/live.tsx'
import { Circle, FullAddress } from '../parts/text.tsx'
import { go } from '../route.ts'
import { said, shortAddress, t } from '../words.ts'
import { useForm } from './networks.tsx'

type Asked =
  | { readonly kind: 'add' }
  | { readonly kind: 'rename'; readonly contact: ContactView }
  | { readonly kind: 'remove'; readonly contact: ContactView }

/** Names stand where addresses would: so each is seen whole before it is kept. */
export function Contacts({ view }: { readonly view: View }) {
  const [asked, setAsked] = useState<Asked>()
  const contacts = view.contacts ?? []
  const close = () => setAsked(undefined)
  return (
    <main class="page">
      <header class="top">
        <IconButton icon="left" name={t('ui_back')} onPress={() => go('/settings')} look="back" />
        <Heading>{t('ui_contacts')}</Heading>
        <Button look="small" icon="plus" onPress={() => setAsked({ kind: 'add' })}>
          {t('ui_contact_add')}
        </Button>
      </header>
      <div class="body">
        {contacts.length === 0 ? (
          <div class="empty">
            <p class="muted">{t('ui_contacts_none')}</p>
            <Button onPress={() => setAsked({ kind: 'add' })}>{t('ui_contact_add')}</Button>
          </div>
        ) : (
          <ul>
            {contacts.map((contact) => (
              <li key={contact.address} class="contact">
                <Circle name={contact.name} />
                <div class="grow">
                  <Fold
                    head={
                      <span class="grow">
                        {contact.name}
                        <span class="sub mono">{shortAddress(contact.address)}</span>
                      </span>
                    }
                  >
                    <FullAddress address={contact.address} />
                    <div class="row wrap contact-acts">
                      <Button look="small" onPress={() => setAsked({ kind: 'rename', contact })}>
                        {t('ui_rename')}
                      </Button>
                      <Button look="small" onPress={() => setAsked({ kind: 'remove', contact })}>
                        {t('ui_contact_remove')}
                      </Button>
                    </div>
                  </Fold>
                </div>
              </li>
            ))}
          </ul>
        )}
        {asked?.kind === 'add' && <Add onClose={close} />}
        {asked?.kind === 'rename' && <Rename contact={asked.contact} onClose={close} />}
        {asked?.kind === 'remove' && <Remove contact={asked.contact} onClose={close} />}
      </div>
    </main>
  )
}

function Add({ onClose }: { readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [address, setAddress] = useState('')
  const [name, setName] = useState('')
  const [found, setFound] = useState<Verbs['checkContact']['result']>()
  const form = useForm()
  const check = () => form.send(async () => setFound(await ask('checkContact', { address })))
  const add = () =>
    form.send(async () => {
      await ask('addContact', { address, name })
      toast(t('ui_contact_added'))
      onClose()
    })
  return (
    <Sheet title={t('ui_contact_add')} onClose={onClose}>
      <div class="stack gap12">
        <TextField
          label={t('ui_contact_address')}
          value={address}
          mode="mono"
          focus
          wrong={found === undefined ? form.wrong : undefined}
          onInput={(value) => {
            setFound(undefined)
            form.typed(setAddress)(value)
          }}
          onEnter={() => void check()}
        />
        {found !== undefined && (
          <>
            <p class="label muted">{t('ui_contact_compare')}</p>
            <FullAddress address={found.address} />
            {found.known !== undefined && <p class="label">{t('ui_contact_known', { name: text(found.known) })}</p>}
            {found.warning !== undefined && (
              <p class="row label danger" role="alert">
                <Icon name="danger" />
                <span class="grow">{said(found.warning)}</span>
              </p>
            )}
          </>
        )}
        {found === undefined || found.known !== undefined ? (
          <Button look="tall" busy={form.busy} off={address === ''} onPress={() => void check()}>
            {t('ui_contact_check')}
          </Button>
        ) : (
          <>
            <TextField
              label={t('ui_contact_name')}
              value={name}
              wrong={form.wrong}
              onInput={form.typed(setName)}
              onEnter={() => void add()}
            />
            <Button look="tall main" busy={form.busy} off={name === ''} onPress={() => void add()}>
              {t('ui_save')}
            </Button>
          </>
        )}
      </div>
    </Sheet>
  )
}

function Rename({ contact, onClose }: { readonly contact: ContactView; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const [name, setName] = useState(contact.name)
  const form = useForm()
  const save = () =>
    form.send(async () => {
      await ask('renameContact', { address: contact.address, name })
      onClose()
    })
  return (
    <Sheet title={t('ui_rename')} onClose={onClose}>
      <div class="stack gap12">
        <FullAddress address={contact.address} />
        <TextField
          label={t('ui_contact_name')}
          value={name}
          focus
          wrong={form.wrong}
          onInput={form.typed(setName)}
          onEnter={() => void save()}
        />
        <Button look="tall main" busy={form.busy} onPress={() => void save()}>
          {t('ui_save')}
        </Button>
      </div>
    </Sheet>
  )
}

function Remove({ contact, onClose }: { readonly contact: ContactView; readonly onClose: () => void }) {
  const { ask } = useWallet()
  const form = useForm()
  return (
    <Sheet title={t('ui_contact_removeOf', { name: text(contact.name) })} onClose={onClose}>
      <div class="stack gap12">
        <p>{t('ui_contact_removeWhat')}</p>
        {form.wrong !== undefined && (
          <p class="danger" role="alert">
            {form.wrong}
          </p>
        )}
        <Button
          look="tall risky"
          busy={form.busy}
          onPress={() =>
            void form.send(async () => {
              await ask('removeContact', { address: contact.address })
              onClose()
            })
          }
        >
          {t('ui_contact_remove')}
        </Button>
      </div>
    </Sheet>
  )
}
